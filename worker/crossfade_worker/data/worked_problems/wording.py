"""People, things and places for the stories around the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_NAME_LIST = """Aaron Abena Adam Aisha Alan Amara Amir Ana Anton Aoife Ayesha Beatriz Ben Bianca Bilal Carla Carlos Chen
Chiara Chloe Clara Daniel Daria David Deepa Dmitri Elena Eli Elif Emma Erik Esther Fatima Felix Fiona Gabriel Georg
Grace Hana Hannah Hassan Hugo Ibrahim Ines Ingrid Isaac Ivan Jamal James Jana Jin Joana Jonas Julia Kamal Karin Kenji
Kofi Lara Leila Leo Liam Linh Lucas Lucia Maja Malik Marco Maria Mateo Maya Mei Mikael Mina Mohammed Nadia Naomi Nia
Nikolai Nina Noah Olga Omar Oscar Paula Pedro Petra Priya Rafael Rahul Rosa Ruth Samir Sara Sean Selma Sofia Stefan
Tariq Tessa Tomas Tova Uma Vera Victor Wei Wendy Yara Yusuf Zeynep Zoe"""

_THINGS = """apple apples|badge badges|balloon balloons|banana bananas|bead beads|book books|bottle bottles|bread_roll
bread_rolls|brick bricks|bulb bulbs|button buttons|candle candles|card cards|carrot carrots|chair chairs|coin coins|
cookie cookies|crayon crayons|cup cups|egg eggs|envelope envelopes|flower flowers|folder folders|jar jars|key keys|
ladder ladders|lamp lamps|lemon lemons|magnet magnets|map maps|marble marbles|medal medals|mug mugs|muffin muffins|
notebook notebooks|nut nuts|onion onions|orange oranges|paintbrush paintbrushes|pear pears|pebble pebbles|pen pens|
pencil pencils|photo photos|plate plates|postcard postcards|potato potatoes|ribbon ribbons|rope ropes|ruler rulers|
sandwich sandwiches|scarf scarves|seed seeds|shell shells|spoon spoons|stamp stamps|sticker stickers|stone stones|
ticket tickets|tile tiles|tomato tomatoes|towel towels|toy_car toy_cars|tulip tulips|vase vases|wheel wheels|whistle
whistles"""

_PLACES = """airport|bakery|bookshop|cinema|community garden|factory|farm|fire station|flower shop|garage|greenhouse|
hospital|hotel|kindergarten|laboratory|library|market|museum|office|orchard|park|playground|post office|restaurant|
school|sports club|stadium|station|theatre|toy shop|warehouse|workshop|zoo"""

_CONTAINERS = (
    "bag bags|basket baskets|bin bins|box boxes|carton cartons|crate crates|drawer drawers|jar jars|shelf shelves"
)


@dataclass(frozen=True)
class Thing:
    """Something that can be counted."""

    one: str
    many: str

    def count(self, number: int) -> str:
        """Write a number of them."""
        return f"{number} {self.one if number == 1 else self.many}"


def _things(text: str) -> tuple[Thing, ...]:
    pairs = (entry.split() for entry in text.split("|"))
    return tuple(Thing(one.replace("_", " "), many.replace("_", " ")) for one, many in pairs)


THINGS = _things(_THINGS)
NAMES = tuple(_NAME_LIST.split())
CONTAINERS = _things(_CONTAINERS)
PLACES = tuple(place.strip() for place in _PLACES.split("|"))


def names(draw: Random, num_people: int) -> list[str]:
    """Draw different people."""
    return draw.sample(NAMES, num_people)


def name(draw: Random) -> str:
    """Draw one person."""
    return draw.choice(NAMES)


def thing(draw: Random) -> Thing:
    """Draw something that can be counted."""
    return draw.choice(THINGS)


def container(draw: Random) -> Thing:
    """Draw something to put things in."""
    return draw.choice(CONTAINERS)


def place(draw: Random) -> str:
    """Draw a place."""
    return draw.choice(PLACES)
