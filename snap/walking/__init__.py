"""The walk over every heap object, in this process or in a forked copy of it."""
