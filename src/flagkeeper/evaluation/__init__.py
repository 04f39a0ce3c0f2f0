"""What decides who gets a flag: constraints, strategies, segments, rollouts, variants and dependencies, as SDKs read
them. Pure: the time, the host's name and chance are given.

| module | what it is |
|---|---|
| `operand` | numbers, times, versions, patterns and networks, read from text |
| `constraint` | what a constraint is, and which ones are legal |
| `context` | about whom a flag is asked |
| `match` | whether a constraint holds in a context |
| `rollout` | the hash that spreads people over percentages and weights |
| `document` | flags and segments, as they are sent to SDKs |
| `strategy` | the built-in strategies: when they hold, and which parameters they take |
| `variant` | which variant somebody gets |
| `flag` | one flag, compiled into functions of the context |
| `evaluator` | a whole document: is a flag on, which variant, and why |
"""
