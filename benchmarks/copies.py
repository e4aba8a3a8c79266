"""Question: how often do the tutorial's model and the default recipe's copy and repeat names?

For each temperature, 1,000 names are sampled from either model, with known names and repeats
allowed and with first letters as frequent as in the list (the tutorial's model cannot choose
one); and 1,000 that start with "Ram", the tutorial's example. Then the default of charloom: new
names without repeats. Both runs must have been trained on the same list:

    charloom train dinos.txt --recipe tutorial --out T
    charloom train dinos.txt --out R
    python benchmarks/copies.py --tutorial T --run R
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import charloom
from _common import describe_machine, lines_of, parser
from charloom import LanguageModel
from charloom.evaluation import likelihood

TEMPERATURES = (0.2, 0.5, 1.0)
FREE = {"allow_known": True, "allow_repeats": True}


def main() -> None:
    options = parser(__doc__, repeats=1)
    options.add_argument("--tutorial", type=Path, required=True, metavar="RUN")
    options.add_argument("--run", type=Path, required=True, metavar="RUN")
    arguments = options.parse_args()
    names = lines_of(arguments.data)
    count = 100 if arguments.quick else 1000
    models = {
        "tutorial": charloom.load(arguments.tutorial),
        "charloom": charloom.load(arguments.run),
    }
    print(describe_machine({"charloom": charloom.__version__}))
    print(f"percent of {count:,} samples each")
    columns = ("copies", "repeats", "new, distinct", "Ram: repeats", "Ram: commonest")
    print(f"{'':12}{'temperature':>12}" + "".join(f"{column:>16}" for column in columns))
    for temperature in TEMPERATURES:
        for name, model in models.items():
            made = draws(model, names, count, temperature)
            known = set(names)
            copies = sum(text in known for text in made)
            new = len(set(made) - known)
            ram = model.names(count, start="Ram", temperature=temperature, seed=1, **FREE)
            (commonest, times), *_ = Counter(ram).most_common(1)
            figures = (copies, len(made) - len(set(made)), new, len(ram) - len(set(ram)), times)
            shown = "".join(f"{100 * figure / count:16.1f}" for figure in figures)
            print(f"{name:12}{temperature:12}{shown}  {commonest}")
        ours = models["charloom"].generate(count, temperature=temperature, seed=1)
        found = f"{len(ours):,} new, distinct names among {ours.seen:,} strings"
        print(
            f"{'by default':12}{temperature:12}  {found}; {ours.reason or 'as many as requested'}"
        )
    for name, model in models.items():
        measured = likelihood(model, sorted(set(names)))
        print(
            f"{name}: {measured.nats_per_char_without_first:.3f} nats a real character of the list"
        )


def draws(model: LanguageModel, names: list[str], count: int, temperature: float) -> list[str]:
    """Sample ``count`` names whose first letters are as frequent as in ``names``."""
    letters = Counter(name[0] for name in names[:: max(1, len(names) // count)][:count])
    made: list[str] = []
    for seed, (letter, times) in enumerate(sorted(letters.items())):
        made += model.names(times, start=letter, temperature=temperature, seed=seed, **FREE)
    return made


if __name__ == "__main__":
    main()
