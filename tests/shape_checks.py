"""What reads the shape annotations while tests run: beartype, for which a whole number is a float, as Python has it."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
