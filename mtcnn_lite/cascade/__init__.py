"""The cascade: its data (`record`), its steps (`stages`), what the nets said (`answers`), and one way (`trace`)."""
