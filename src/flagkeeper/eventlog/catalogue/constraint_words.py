"""What the operators of constraints are called in sentences: `country` *is one of* `SE, NO`. Pure."""

OPERATORS = {
    "IN": "is one of",
    "NOT_IN": "is not one of",
    "STR_STARTS_WITH": "starts with",
    "STR_ENDS_WITH": "ends with",
    "STR_CONTAINS": "contains",
    "REGEX": "matches",
    "NUM_EQ": "equals",
    "NUM_GT": "is greater than",
    "NUM_GTE": "is at least",
    "NUM_LT": "is less than",
    "NUM_LTE": "is at most",
    "DATE_AFTER": "is after",
    "DATE_BEFORE": "is before",
    "SEMVER_EQ": "is version",
    "SEMVER_GT": "is a later version than",
    "SEMVER_GTE": "is at least version",
    "SEMVER_LT": "is an earlier version than",
    "SEMVER_LTE": "is at most version",
}
