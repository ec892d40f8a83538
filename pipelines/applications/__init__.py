"""Applications: the order and sample-solution forms that were sent in, read and judged one by one."""
