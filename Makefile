# Aliases for people whose fingers type make; dev.py does the work.
.PHONY: help run test check setup fmt lock
help:
	@python3 dev.py --help
run test check setup fmt lock:
	@python3 dev.py $@
