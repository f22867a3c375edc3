"""Duration of the experiments' training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from itnnr_ik.twin.config import PlateauSchedule


@dataclass(frozen=True)
class Effort:
    """The effort of full training, or of the brief training of ``--quick``.

    Args:
        max_epochs: Largest number of epochs with the paper's schedules.
        rate_factor: Factor of the paper's learning rates, so that brief training makes progress.
        steps: Number of optimisation steps of our method.
    """

    max_epochs: int = 2000
    rate_factor: float = 1.0
    steps: int = 6000

    def shorten(self, schedule: PlateauSchedule) -> PlateauSchedule:
        """One of the paper's schedules, limited to this effort."""
        return replace(
            schedule,
            learning_rate=schedule.learning_rate * self.rate_factor,
            max_epochs=min(schedule.max_epochs, self.max_epochs),
        )


FULL = Effort()
QUICK = Effort(max_epochs=20, rate_factor=30.0, steps=800)
