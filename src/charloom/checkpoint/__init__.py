"""The run folder: a model's weights, vocabulary, configuration and data, and training states."""

from __future__ import annotations

from .model import EPOCHS as EPOCHS
from .model import MODEL_FILES as MODEL_FILES
from .model import SavedModel as SavedModel
from .model import claim as claim
from .model import epoch_folder as epoch_folder
from .model import holds_model as holds_model
from .model import latest_epoch as latest_epoch
from .model import load_model as load_model
from .model import save_model as save_model
from .model import sound_facts as sound_facts
from .state import CHECKPOINTS as CHECKPOINTS
from .state import STATE_FILES as STATE_FILES
from .state import FoundState as FoundState
from .state import find_state as find_state
from .state import forget_state as forget_state
from .state import holds_state as holds_state
from .state import load_state as load_state
from .state import save_state as save_state

FILES = (*MODEL_FILES, *STATE_FILES)
"""What this room writes to a run folder itself; there are also the folders EPOCHS, CHECKPOINTS."""
