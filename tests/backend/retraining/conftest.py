from tests.tagger.conftest import lamps

__all__ = ["lamps"]
