"""What every preview of the stack must keep: rules, and a Pulumi policy pack made of them."""
