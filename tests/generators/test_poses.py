"""Poses: where the joints are found and how they are drawn. The nets are real classes, what they put out is ours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from generators import control_maps, poses
from generators.map_colours import BODY, BONES
from tests.generators import tiny_maps

DOTS = [colour for at in range(27) if len(set(colour := (at // 9 * 127, at // 3 % 3 * 127, at % 3 * 127))) > 1][:17]
"""A colour for each of COCO's joints, by which the net below finds them."""
STANDING = {"nose": (0, -90), "left eye": (10, -100), "right eye": (-10, -100), "left ear": (22, -92),
            "right ear": (-22, -92), "left shoulder": (30, -60), "right shoulder": (-30, -60), "left elbow": (42, -25),
            "right elbow": (-42, -25), "left wrist": (45, 10), "right wrist": (-45, 10), "left hip": (20, 10),
            "right hip": (-20, 10), "left knee": (22, 50), "right knee": (-22, 50), "left ankle": (24, 92),
            "right ankle": (-24, 92)}
OPENPOSE = ("nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
            "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
            "right ear", "left ear")


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A ViTPose that sees a joint where its dot is, and a detector that sees two people: left, top, width, height."""
    import torch
    from transformers import RTDetrForObjectDetection, VitPoseForPoseEstimation
    from transformers.models.rt_detr.modeling_rt_detr import RTDetrObjectDetectionOutput
    from transformers.models.vitpose.modeling_vitpose import VitPoseEstimatorOutput

    mean, std = (torch.tensor(one)[None, :, None, None] for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))

    def by_colour(self, pixel_values):
        colours = (pixel_values * std + mean)[:, None] * 255 - torch.tensor(DOTS)[None, :, :, None, None]
        near = (1 - colours.abs().amax(2) / 60).clamp(0)
        smooth = torch.nn.functional.avg_pool2d(near, 5, 1, 2)
        size = [side // 4 for side in pixel_values.shape[2:]]
        heat = torch.nn.functional.interpolate(smooth, size, mode="bilinear", align_corners=True)
        return VitPoseEstimatorOutput(heatmaps=heat * 2)

    def two(self, pixel_values):
        boxes = torch.tensor([[[140, 150, 120, 220], [480, 150, 120, 220], [300, 50, 10, 10]]]) / torch.tensor(
            [640, 300, 640, 300])
        return RTDetrObjectDetectionOutput(logits=torch.tensor([[[3.0], [2.0], [-3.0]]]), pred_boxes=boxes)

    monkeypatch.setattr(VitPoseForPoseEstimation, "forward", by_colour)
    monkeypatch.setattr(RTDetrForObjectDetection, "forward", two)
    pose, finder = tiny_maps.vitpose(tmp_path / "vitpose", size=(128, 96)), tiny_maps.rtdetr(tmp_path / "rtdetr")
    return str(pose), str(finder)


def crowd(*standing, without=()):
    image = Image.new("RGB", (640, 300), (200, 200, 200))
    for who, (x, y) in enumerate(standing):
        for name, (across, down), colour in zip(STANDING, STANDING.values(), DOTS, strict=True):
            if (who, name) not in without:
                ImageDraw.Draw(image).circle((x + across, y + down), 6, fill=colour)
    return image


def middles(image, colour):
    """Where discs of a colour are: the middle of each half of the picture that has one."""
    there = (np.asarray(image) == colour).all(-1)
    halves = (np.argwhere(there[:, :320]), np.argwhere(there[:, 320:]) + np.array([0, 320]))
    return [tuple(half.mean(0)[::-1]) for half in halves if len(half)]


def test_joints_are_drawn_where_they_are_in_each_persons_box(nets):
    drawn = control_maps.pose(crowd((140, 150), (480, 150), without=[(1, "left shoulder"), (1, "right ankle")]), *nets)
    assert drawn.size == (640, 300) and drawn.getpixel((0, 0)) == drawn.getpixel((320, 150)) == (0, 0, 0)
    places = {**STANDING, "neck": (0, -60)}
    for name, colour in zip(OPENPOSE, BODY, strict=True):
        found, (across, down) = middles(drawn, colour), places[name]
        hidden = name in ("neck", "left shoulder", "right ankle")
        assert len(found) == (1 if hidden else 2), name
        for (x, y), middle in zip(found, (140, 480), strict=False):
            assert math.dist((x, y), (middle + across, 150 + down)) < 3, name
    arm = [np.asarray(drawn)[108, x] for x in (140 - 36, 480 - 36)]
    assert all(tuple(pixel) == (153, 102, 0) for pixel in arm), "the right upper arm, at three fifths of its colour"


def test_without_a_detector_the_whole_picture_is_one_person(nets):
    image = crowd((140, 150)).crop((0, 0, 280, 300))
    (person,) = control_maps._people(image, control_maps._around(image, ""), control_maps._place("pose", nets[0]))
    for joint, name in zip(person, OPENPOSE, strict=True):
        across, down = STANDING.get(name, (0, -60))
        assert joint and math.dist(joint, (140 + across, 150 + down)) < 4, name
    with pytest.raises(control_maps.Unsupported, match="No person was found"):
        control_maps.pose(crowd(), nets[0])


def test_a_frame_is_cut_from_side_to_side():
    ramp = Image.fromarray(np.add.outer(np.arange(80) * 2, np.arange(90)).astype(np.uint8)).convert("RGB")
    cut = np.asarray(poses._cut(ramp, np.array([40.0, 30.0]), np.array([42.0, 28.0]), (22, 15)))[..., 0].astype(int)
    wanted = np.add.outer(2 * np.linspace(16, 44, 15), np.linspace(19, 61, 22))
    assert np.abs(cut - wanted).max() <= 1
    outside = np.asarray(poses._cut(ramp, np.array([0.0, 0.0]), np.array([42.0, 28.0]), (22, 15)))
    assert not outside[:7].any() and not outside[:, :10].any() and outside[8:, 12:].any()


@pytest.mark.parametrize("place", [(5.3, 7.8), (3.0, 4.0), (0.0, 15.0), (11.0, 2.4)])
def test_the_top_of_a_heat_map_is_found_between_its_cells(place):
    down, across = np.mgrid[:16, :12]
    heat = np.exp(-((across - place[0]) ** 2 + (down - place[1]) ** 2) / (2 * 1.5 ** 2))[None, None]
    found, height = poses.peaks(heat)
    assert np.abs(found[0, 0] - place).max() < 0.02 and height[0, 0] > 0.9
    flat, none = poses.peaks(np.zeros((1, 1, 16, 12)))
    assert np.isfinite(flat).all() and none[0, 0] == 0


def test_bones_lie_between_joints_and_grow_with_the_picture():
    person: poses.Person = [None] * 18
    person[2], person[3] = (100.0, 100.0), (100.0, 300.0)
    for size in (512, 1024):
        scale = size / 512
        larger = [joint and (joint[0] * scale, joint[1] * scale) for joint in person]
        row = np.asarray(poses.skeleton([larger], (size, size)))[size * 200 // 512]
        assert 7 * scale <= np.count_nonzero(row.any(-1)) <= 9 * scale + 2
        assert set(map(tuple, row[row.any(-1)].tolist())) == {(153, 102, 0)}
    assert len(BONES) == 17 and len(BODY) == 18
    assert poses.skeleton([], (30, 20)).getbbox() is None
