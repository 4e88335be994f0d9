# Calls any slot at any instruction set, for tests and benches only.
