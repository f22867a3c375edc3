"""How long the experiments train."""

from __future__ import annotations

from dataclasses import dataclass, replace

from itnnr_ik.twin.config import PlateauSchedule


@dataclass(frozen=True)
class Effort:
    """The full measure, or the brief one of ``--quick``.

    Args:
        max_epochs: Epochs at most of what follows the paper's schedule.
        rate_factor: Multiplies the paper's learning rates, so that a brief training gets somewhere.
        steps: Optimisation steps of ours.
    """

    max_epochs: int = 2000
    rate_factor: float = 1.0
    steps: int = 6000

    def shorten(self, schedule: PlateauSchedule) -> PlateauSchedule:
        """One of the paper's schedules in this measure."""
        return replace(
            schedule,
            learning_rate=schedule.learning_rate * self.rate_factor,
            max_epochs=min(schedule.max_epochs, self.max_epochs),
        )


FULL = Effort()
QUICK = Effort(max_epochs=20, rate_factor=30.0, steps=800)
