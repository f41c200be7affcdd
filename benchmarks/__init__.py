"""How fast chainrule is, beside its peers and beside the machine's own limits: `make bench`, or `python -m benchmarks`.

cases        the networks, their data, initial weights and batches
contenders/  one class a peer, each written as its own experts would
verify       every contender computes the same thing, before any clock starts
clock        contenders take turns, so that a busy machine hits all; medians
floor        what the machine itself can do: arithmetic, Adam over memory, the latency of one step
goals        what is aimed at, as data; the report says beside each whether it is met
"""
