"""Everything that a specification asks for, as resources in the order of what needs what."""
