"""What is done with news, from the source to the reader."""
