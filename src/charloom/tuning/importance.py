"""Which knobs made the better trials better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study

ENOUGH = 12
"""Trials below which an importance would be a guess."""

BETTER = 0.25
"""Share of the trials that count as the better ones."""


def importance_of(study: Study, names: Sequence[str]) -> dict[str, float]:
    """Return each knob's share, most important first; nothing where there are too few trials.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023): how far the distribution of a knob's values
    among the better trials is from that among all of them. It needs no further library. Of the
    losses, only their order counts; so pruned trials, which were behind, can count as the last.
    """
    import optuna
    from optuna.trial import TrialState, create_trial

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    trials = study.get_trials(deepcopy=False, states=states)
    whole = [t.values[0] for t in trials if t.state == TrialState.COMPLETE]
    tried = [name for name in names if len({trial.params[name] for trial in trials}) > 1]
    if len(trials) < ENOUGH or len(whole) < BETTER * len(trials) or not tried:
        return {}
    last = max(whole) + 1
    ranked = optuna.create_study()
    for trial in trials:
        value = trial.values[0] if trial.state == TrialState.COMPLETE else last
        ranked.add_trial(
            create_trial(value=value, params=trial.params, distributions=trial.distributions)
        )
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BETTER)
    found = optuna.importance.get_param_importances(ranked, evaluator=evaluator, params=tried)
    shares = {name: float(share) for name, share in found.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
