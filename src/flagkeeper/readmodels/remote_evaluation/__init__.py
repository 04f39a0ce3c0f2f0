"""Flags evaluated for those who do not evaluate themselves: browsers and phones, through Unleash's frontend API or the
OpenFeature Remote Evaluation Protocol (OFREP)."""
