"""The audit of a finished run: what it measured, and what of that a shortcut could have measured just as well.

Networks for this disease have told hospitals apart instead of lungs: DeGrave et al. 2021
(doi:10.1038/s42256-021-00338-7) saw them fail in hospitals they were not trained on; Maguolo & Nanni 2021
(doi:10.1016/j.inffus.2021.04.008) blacked the lungs out and lost little; Roberts et al. 2021
(doi:10.1038/s42256-021-00307-0) found none of 62 published models fit for a clinic. So each figure here stands beside
its control, and the honest ones come first.

Every topic is one file with `measure`, arrays and tables in, plain numbers out, and `show`, which makes of them a
chapter of the report. `report` is the command, `numbers` calls every `measure` and `chapters` every `show`.
"""
