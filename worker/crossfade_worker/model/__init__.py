"""The model: SmolLM2-family Llama configurations."""
