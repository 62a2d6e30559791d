"""From raw market ticks to a registered model you can trust."""
