"""Mathematics: worked problems without end, made from a seed. Every stated answer is exact."""

from crossfade_worker.data.worked_problems.problem import Problem
from crossfade_worker.data.worked_problems.worksheets import TOPICS, collect_worked_problems

__all__ = ["TOPICS", "Problem", "collect_worked_problems"]
