"""The proportions of the picture world's things.

Plain values, because the emoji font that they were measured from is not needed to run the studio.
"""

from __future__ import annotations

from functools import cache

from tools.naming import thing_name

_PROPORTIONS = """
person 0.43; bicycle 1.39; car 1.58; motorcycle 1.59; airplane 1.01; bus 1.49; train 0.73; truck 1.22; boat 0.91;
traffic light 0.48; fire hydrant 0.73; stop sign 1.00; parking meter 0.45; bench 1.55; bird 1.19; cat 0.89; dog
0.94; horse 1.11; sheep 1.01; cow 1.19; elephant 1.09; bear 1.06; zebra 1.03; giraffe 0.75; backpack 0.98; umbrella
1.00; handbag 0.97; tie 0.99; suitcase 0.82; frisbee 0.96; skis 1.30; snowboard 1.01; sports ball 1.01; kite 1.05;
baseball bat 0.97; baseball glove 0.85; skateboard 1.44; surfboard 1.00; tennis racket 0.98; bottle 0.89; wine glass
0.50; cup 0.99; fork 0.50; knife 1.02; spoon 0.93; bowl 1.19; banana 0.89; apple 0.93; sandwich 1.13; orange 0.98;
broccoli 0.99; carrot 1.15; hot dog 1.15; pizza 0.80; donut 1.26; cake 0.90; chair 0.64; couch 1.00; potted plant
0.98; bed 1.71; dining table 1.52; toilet 0.73; tv 1.07; laptop 1.23; computer mouse 0.67; tv remote 0.34; computer
keyboard 1.94; cell phone 0.53; microwave 1.60; oven 0.86; toaster 1.10; sink 1.10; refrigerator 0.60; book 1.42;
clock 1.15; vase 0.61; scissors 1.00; teddy bear 0.87; hair drier 0.91; toothbrush 0.98; sun 1.00; moon 1.01; tree
0.89; house 1.02; flower 0.78; star 1.04; heart 1.09; fish 1.47; castle 1.03; rocket 0.98; balloon 0.70; gift 0.93;
mushroom 0.96; guitar 1.00; crown 1.05; robot 1.00; snowman 0.77; ghost 1.02; cactus 0.75; rainbow 0.89; cloud 1.41;
snowflake 0.87; leaf 0.89; rose 0.70; tulip 0.69; palm tree 0.85; pine tree 0.89; christmas tree 0.84; lion 0.89;
tiger 1.40; panda 1.11; frog 1.15; pig 1.14; rabbit 0.81; fox 1.06; wolf 1.02; monkey 0.99; mouse 1.02; hedgehog
1.38; snail 1.05; turtle 1.26; snake 1.03; crocodile 0.87; dinosaur 1.00; dragon 0.86; unicorn 0.93; owl 0.73;
penguin 0.66; duck 0.89; chicken 1.03; whale 1.11; dolphin 0.93; shark 1.02; octopus 1.10; crab 1.41; butterfly
1.23; bee 1.05; ladybug 0.93; spider 1.14; lemon 1.19; strawberry 0.89; cherry 0.79; grapes 0.87; pear 0.69; peach
1.03; pineapple 0.62; watermelon 1.20; tomato 1.03; pumpkin 1.05; corn 0.99; bread 1.03; cheese 1.17; egg 0.75;
burger 0.95; ice cream 0.55; cookie 1.03; candy 1.02; birthday cake 0.81; hat 1.20; shoe 1.52; glasses 2.86; ring
0.75; key 0.98; lamp 0.65; candle 0.38; camera 1.21; bell 1.02; drum 0.97; trumpet 1.04; violin 1.01; piano 0.99;
hammer 1.00; pencil 1.00; envelope 1.46; trophy 1.01; flag 0.98; anchor 0.95; tent 1.46; helicopter 1.48; tractor
1.23; fire truck 1.29; taxi 1.39; basketball 1.01; diamond 1.11; ufo 1.07; volcano 0.90
"""


@cache
def _proportions() -> dict[str, float]:
    rows = (row.strip().rsplit(" ", 1) for row in _PROPORTIONS.replace("\n", " ").split(";"))
    return {name: float(number) for name, number in rows}


def proportion(name: str) -> float:
    """Width over height of a thing's outline; 1 for what the world does not know."""
    return _proportions().get(thing_name(name), 1.0)
