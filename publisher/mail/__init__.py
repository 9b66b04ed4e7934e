"""Mail: editions are rendered and frozen once, messages are made of them for each reader."""
