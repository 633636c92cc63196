"""What is to be provisioned: rowlight.toml and what it means."""
