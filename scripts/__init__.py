"""Development scripts; nothing here is shipped."""
