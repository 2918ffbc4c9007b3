"""How the task page looks: the style sheet that every generated labeling config carries."""

from __future__ import annotations

__all__ = ["STYLE"]

# The picture stays in view beside a column that scrolls: categories on top, then one line for each
# question. The lsf- and ant- names are Label Studio's own; where a version renames them, the page
# only gets wider spaced.
STYLE = """
.weft { display: flex; gap: 14px; align-items: flex-start; }
.weft-picture { flex: 1 1 44%; min-width: 0; position: sticky; top: 0; }
.weft-side { flex: 1 1 56%; min-width: 320px; }
.weft-labels { max-height: 148px; overflow-y: auto; margin: 6px 0 8px; padding: 2px 6px;
  border: 1px solid rgba(128, 128, 128, .35); border-radius: 4px; }
.weft-labels .lsf-labels { display: flex; flex-direction: column; align-items: stretch;
  margin: 0; padding: 0; }
.weft-branch { display: flex; flex-wrap: wrap; align-items: center; gap: 3px 4px; margin: 0 0 5px; }
.weft-branch:has(.lsf-label_selected) { order: -1; }
.weft-branch:not(:has(.lsf-label:not(.lsf-label_hidden))) { display: none; }
.weft-branch h4, .weft-branch h6 { flex: 0 0 100%; margin: 2px 0 0 !important;
  font-size: 11px !important; line-height: 14px !important; opacity: .65; }
.weft-labels .lsf-label { margin: 0; padding: 0 6px; height: 22px; font-size: 12px;
  line-height: 22px; }
.weft-labels .lsf-label__hotkey { font-size: 10px; opacity: .55; padding-left: 4px; }
.weft-attribute { display: grid; grid-template-columns: 92px 1fr; gap: 0 8px; padding: 3px 0;
  border-top: 1px solid rgba(128, 128, 128, .18); }
.weft-attribute h4, .weft-attribute h6 { margin: 0 !important; font-size: 12px !important;
  line-height: 18px !important; font-weight: 600; overflow-wrap: anywhere; }
.weft-attribute .lsf-choices { margin: 0; display: flex; flex-wrap: wrap; gap: 0 8px; }
.weft-attribute .lsf-choices_layout_select { display: block; max-width: 240px; }
.weft-attribute .lsf-choices_layout_select button { height: 26px; padding: 0 8px; font-size: 12px; }
.weft-attribute .lsf-choices_hidden { display: none; }
.weft-attribute .lsf-choice, .weft-attribute .lsf-choice__item { margin: 0; padding: 0; }
.weft-attribute label { margin: 0 !important; font-size: 12px; line-height: 18px; }
.weft-attribute label > span:first-child { transform: scale(.8); }
.weft-attribute label > span:last-child { padding: 0 0 0 3px; }
"""
