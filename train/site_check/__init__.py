"""The site check: a clinic runs its own labelled films and learns what the model is worth there, before it is used.

A card's figures were measured on the films of other hospitals, and networks for this disease have failed in hospitals
they did not know (Zech et al. 2018, doi:10.1371/journal.pmed.1002683; DeGrave et al. 2021,
doi:10.1038/s42256-021-00338-7). So the films go through the edge's own reader, model and rules, and what comes out
stands beside the card, with the interval that so few films leave.

`labels` reads the table, `look` the films; `few_patients`, `local` and `numbers` make figures of them, `wording` makes
sentences, `drawings`, `pictures`, `lists`, `own_chapter` and `chapters` the report. `own_rule` and `own_temperature`
say what the films may change of the rule, and `calibration_file` writes it for the edge. `command` is the command.
"""
