"""What a released file holds beside the network: card, metadata, golden film."""
