"""What other systems are told: verdicts and faults as events, queued on the disk, sent by webhook and MQTT."""
