"""Training: a recipe and labelled frames in, models with their cards out; the packages' own trainers do the work.

    lmpdrive train mace frames.xyz --out potentials/mine

`recipe.py` says what a recipe is, `splits.py` which frames are fitted and which are held back, `plan.py` which models
are trained, `run.py` trains them one after the other, `card.py` describes each.  A trainer is a file of `trainers/`.
docs/training.md.
"""
