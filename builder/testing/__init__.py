"""For the tests of a game: the fixture `unity_build`, and the finished WebGL build that it opens."""
