"""Phrases of talk that asks for no picture, one table for each kind."""

from __future__ import annotations


def _phrases(text: str) -> tuple[str, ...]:
    """Phrases between commas, line breaks counting as spaces."""
    return tuple(" ".join(phrase.split()) for phrase in text.split(",") if phrase.strip())


GREETINGS = _phrases("""
hi, hello, hey, good morning, good evening, good afternoon, howdy, hi there, hello there, how are you, how do
you do, hey there, greetings, yo, bye, goodbye, good night, see you
""")

THANKS = _phrases("""
thanks, thank you, perfect, great, nice, cool, awesome, looks great, looks good, love it, well done, good job,
beautiful, wow, lovely, that is it, that is great, i love it, good, excellent, amazing, very nice, i like it,
ok, yes, fine, that is perfect, great job, brilliant, thank you so much, thanks a lot, no thanks, that is all,
super, fantastic, looks nice, that is nice, it is perfect, it is great, that is lovely, much better, better
""")

EXTRA = _phrases("""
so, much, very, a, lot, really, it, is, that, looks, there, everyone, again, you, all, now, the, i, job, work,
this, for, today, and, picture, help, and
""")

CHOOSES = _phrases("""
you choose, you decide, whatever, any, anything, up to you, your choice, i do not mind, i do not care, do not
care, either, either one, whichever, you pick, does not matter, surprise me, dealer choice, no preference,
whatever you like, whatever you want, pick one, any of them, it does not matter, choose, choose one, your call,
as you like, one of them, just pick one, whatever you think, you can choose, any one, not sure, i do not know
""")

CANCELS = _phrases("""
forget it, never mind, nevermind, cancel, none, neither, nothing, stop, no, forget that, leave it, no thanks,
drop it, skip it, neither of them, none of them
""")

SURPRISE = _phrases("""
surprise me, surprise us, whatever you like, anything you like, anything you want, up to you, whatever you want,
something random, random picture, a random picture, anything at all, draw anything, draw whatever, you choose,
you decide, whatever you feel like, show me anything, just draw something, paint anything, a surprise, draw a
surprise, make anything, i am feeling lucky, dealer choice, your choice
""")

VAGUE = frozenset(_phrases("""
a, amazing, an, anniversary, anything, art, artwork, awesome, beautiful, birthday, birthdays, brother, can,
card, christmas, colourful, cool, could, creative, cute, daughter, different, else, father, for, friend, fun,
funny, gift, give, good, grandma, grandpa, happy, her, his, husband, i, image, interesting, it, kids, like,
love, lovely, me, more, mother, my, new, nice, of, our, party, picture, pictures, postcard, poster, pretty,
random, romantic, scary, similar, simple, sister, small, something, son, special, spooky, stuff, sweet, that,
the, their, thing, things, to, us, valentine, wallpaper, we, wedding, wife, would, you, your
"""))

COMPLAINTS = _phrases("""
i do not like it, i do not like this, i do not like that, that is wrong, this is wrong, it is wrong, that is
not, this is not, it is not, that does not, this does not, it does not, not what i, that is bad, this is bad, it
is bad, bad, ugly, terrible, awful, i hate, that is ugly, it is ugly, that looks wrong, this looks wrong, it
looks wrong, that looks bad, looks wrong, that is terrible, wrong picture, you got it wrong, that was not,
wrong colour, wrong place, wrong size, wrong number, disappointing
""")

PICTURE_SIZE = _phrases("""
bigger picture, larger picture, picture bigger, picture larger, smaller picture, resolution, picture smaller, in
4k, in hd, 4k, aspect ratio, landscape format, portrait format, bigger canvas, canvas bigger, larger canvas,
full hd, wider picture, picture wider
""")

NOTHING = _phrases("""
no, stop, cancel, leave it, do not change anything, change nothing, do nothing, nothing, leave it as it is, leave it
like that, keep it as it is
""")

SAYING = _phrases("""
tell, write, compose, sing, recite, translate, do you know
""")

WORDS = frozenset(_phrases("""
joke, jokes, poem, story, song, haiku, limerick, essay, recipe, email, code, program, lyrics, novel, news, riddle
"""))

FILTERS = frozenset(_phrases("""
rotate, rotated, flip, mirror, zoom, crop, blur, blurry, sharpen, sharper, brighten, brighter, lighten, lighter, darken,
darker, contrast, saturation, blend, tilt, dark, bright
"""))

CLOSER = _phrases("""
closer, come closer, go closer, get closer, move closer, nearer, zoom, zoom in, zoom in more, closer please, close up,
closeup, a close up, a closeup, closer up, more zoom, as a close up
""")

FURTHER = _phrases("""
zoom out, zoom out more, further away, farther away, further back, farther back, from further away, from afar, less zoom
""")

VIEWS = _phrases("""
move the camera, turn the camera, rotate the camera, the camera, from above, seen from above, from behind, seen from
behind, from the side, seen from the side, from below, seen from below, from the front, from the top, bird eye view,
another angle, a different angle, different angle, from another angle, from a different angle, change the angle, change
the perspective, another perspective, a different perspective, top view, side view, view from above, from the back
""")

KEEPING = _phrases("""
save it, save, save this, download, download it, save the picture, keep it, keep this, export, export it, share
it, print it, download the picture, save this picture, keep this one, save picture, keep that, keep the picture
""")

QUESTION_WORDS = _phrases("""
what, which, how, why, where, who, when, whose
""")

SOMETHING = frozenset(_phrases("""
anything, artwork, drawing, illustration, image, picture, pictures, something, stuff
"""))
