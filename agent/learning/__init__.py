"""Learning: rollouts, losses, checkpoints and the trainer that goes through them."""
