"""Sources: bytes to text, and text to records."""

from .records import MAX_LINE_BYTES as MAX_LINE_BYTES
from .records import Form as Form
from .records import Lines as Lines
from .records import ReadOptions as ReadOptions
from .records import Records as Records
from .records import check_lengths as check_lengths
from .records import form_of as form_of
from .records import read_pieces as read_pieces
from .records import read_source as read_source
from .streams import STDIN as STDIN
from .streams import Decoder as Decoder
from .streams import Pieces as Pieces
from .streams import are_large as are_large
from .streams import binary as binary
from .streams import check_sources as check_sources
from .streams import codec_of as codec_of
from .streams import label as label
from .streams import opened as opened
from .streams import unpacked as unpacked
from .streams import unzipped as unzipped
