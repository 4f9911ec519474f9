"""A C program that stands in for a Unity WebGL player, and how it is linked and packed."""
