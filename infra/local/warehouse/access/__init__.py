"""Who may see what: rights, and the rewriting of each statement to what they allow."""
