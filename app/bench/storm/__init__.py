"""`madoguchi bench storm`: five platforms at their worst, both ways, while the product is killed under it.

The sandbox plays the platforms, in a process of its own. Its customers write; their webhooks come twice, out of
order, several at once, and again where the answer was lost. Agents answer all the while, and a tenth of their calls
goes wrong in each way there is. Web and workers are killed, Redis is wiped once. Afterwards the sandbox's record is
compared with the product's rows. The stack, its killer and what reads the rows are those of :mod:`app.bench.faults`.
"""
