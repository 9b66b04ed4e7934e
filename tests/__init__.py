"""The tests. A package, because a library that they use brings a package of that name along."""
