"""Training of the one-pass net: `plan` has every number, `views` the batches, `targets` and `loss` what is learned."""
