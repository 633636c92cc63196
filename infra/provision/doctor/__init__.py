"""Says which link of the chain is wrong, why, and what cures it; it changes nothing unless asked to."""
