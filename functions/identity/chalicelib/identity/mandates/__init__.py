"""Who acts for whom (代办): family or a butler for people without an account, or without a hand."""
