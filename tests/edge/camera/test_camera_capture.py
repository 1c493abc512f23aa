"""Capture: files, sequences, streams, the Pi's camera by its documented interface, and what goes wrong with each."""

import http.server
import sys
import threading
import time
import types

import cv2
import numpy as np
import pytest

from edge_app.camera.capture import camera, devices, feed, watchdog
from edge_app.camera.capture.camera import LIVE, RESTARTING, Camera
from edge_app.commands.cli import main
from edge_app.errors import CameraEnded, CameraLost, WrongUsage

SIZE = (640, 360)


def picture(number: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a picture, RGB, whose left half is red and whose brightness tells its number."""
    pixels = np.full((size[1], size[0], 3), 60 + 10 * number % 150, np.uint8)
    pixels[:, : size[0] // 2, 0] = 250
    return pixels


@pytest.fixture
def video(tmp_path):
    """Return the path of a video of 12 pictures."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for number in range(12):
        writer.write(picture(number)[..., ::-1])
    writer.release()
    return path


def all_of(name: str, **options) -> tuple[list, Exception]:
    """Return every frame of a recording, and how it ended."""
    frames = []
    with Camera(name, SIZE, **options) as one, pytest.raises((CameraEnded, CameraLost)) as end:
        while True:
            frames.append(one.newest(1))
    return frames, end.value


def test_a_video_gives_every_picture_once_and_says_that_it_has_ended(video):
    frames, end = all_of(str(video))
    assert [frame.number for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx([number / 10 for number in range(12)])
    assert isinstance(end, CameraEnded)
    assert f"{end}" == f"{video}: has ended after 12 pictures."


def test_pictures_are_red_green_blue_and_never_mirrored(video):
    with Camera(str(video), SIZE) as one:
        pixels = one.newest(1).pixels
    left, right = pixels[:, :200].mean(axis=(0, 1)), pixels[:, -200:].mean(axis=(0, 1))
    assert left[0] > 200 > 100 > left[2]
    assert np.ptp(right) < 20


def test_a_folder_and_a_pattern_of_pictures(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number)[..., ::-1])
    (tmp_path / "notes.txt").write_text("no picture")
    for name in (str(tmp_path), str(tmp_path / "*.png")):
        frames, end = all_of(name)
        assert [frame.pixels[0, -1, 1] for frame in frames] == [60, 70, 80]
        assert isinstance(end, CameraEnded)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.mp4", b"no video at all", "it is not a video that can be read"),
        ("broken.png", b"no picture", "'broken.png' in it is not a picture that can be read"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraLost, match=said), Camera(str(tmp_path / name), SIZE) as one:
        one.newest(1)


def test_a_damaged_picture_in_a_sequence_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), picture())
    (tmp_path / "1.png").write_bytes(b"no picture")
    frames, end = all_of(str(tmp_path))
    assert len(frames) == 1
    assert "'1.png' in it is not a picture that can be read" in f"{end}"


def test_pictures_too_small_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), picture(size=(160, 90)))
    assert "160 x 90 pixels; 320 x 240 are needed" in f"{all_of(str(tmp_path))[1]}"


@pytest.mark.parametrize("name", ["no-such-thing", "pi:first", ""])
def test_a_name_that_means_no_camera_is_refused_with_a_sentence(name):
    with pytest.raises(WrongUsage, match=r"^camera: .*\.$"):
        Camera(name)


def test_a_raw_buffer_is_no_picture():
    with pytest.raises(feed.FeedFault, match=r"raw buffers of shape \(1, 921600\)"):
        feed.checked(np.zeros((1, 921600), np.uint8))


class Server:
    """A camera on the network: MJPEG over HTTP, which can stall, end and come back."""

    def __init__(self):
        self.go, self.number, self.still = threading.Event(), 0, False
        self.cut = False
        self.go.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not outer.cut:
                        outer.go.wait(20)
                        outer.number += not outer.still
                        coded = cv2.imencode(".jpg", picture(outer.number)[..., ::-1])[1].tobytes()
                        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(coded)
                        self.wfile.write(head + coded + b"\r\n")
                        time.sleep(0.02)
                except OSError:
                    pass
                self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/film.mjpg"

    def close(self):
        """Stop it."""
        self.cut = True
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    """Return a running camera of the network."""
    one = Server()
    yield one
    one.close()


def until(condition, seconds: float = 20):
    """Wait for something to become true; say whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_of_a_stream_the_newest_frame_wins(server):
    with Camera(server.address, SIZE) as one:
        first = one.newest(20)
        assert until(lambda: one.status.frames > first.number + 10)
        second = one.newest(5)
        assert second.number > first.number + 5
        assert one.status.dropped >= second.number - 1 - first.number
        assert one.status.state == LIVE


def test_a_stream_that_breaks_off_is_opened_again_and_says_so(server, monkeypatch):
    with Camera(server.address, SIZE) as one:
        assert one.newest(20)
        server.cut = True
        assert until(lambda: one.status.state == RESTARTING)
        assert "trying again" in one.status.sentence
        server.cut = False
        assert until(lambda: one.status.state == LIVE)
        before = one.status.frames
        assert until(lambda: one.status.frames > before)
        assert one.status.restarts >= 1


def test_a_stream_that_stalls_is_left_behind(server, monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED", 0.5)
    with Camera(server.address, SIZE) as one:
        assert one.newest(20)
        server.go.clear()
        assert until(lambda: one.status.state == RESTARTING)
        assert "no picture came for" in one.status.sentence
        server.go.set()
        assert until(lambda: one.status.state == LIVE)


def test_a_camera_that_never_comes_is_given_up_if_that_is_asked(server):
    server.close()
    with (
        Camera(server.address, SIZE, give_up=1.0) as one,
        pytest.raises(CameraLost, match=r"no picture for \d s; it c"),
    ):
        while True:
            assert one.newest(0.1) is None


class Made:
    """A feed of our own making, live as a device is."""

    live = noisy = True
    made: tuple = ()

    def __init__(self, give):
        self.give, self.number, self.closed = give, 0, False

    def open(self):
        """Begin."""

    def read(self):
        """Return what was ordered."""
        self.number += 1
        time.sleep(0.01)
        return self.give(self.number), time.monotonic()

    def close(self):
        """Take note."""
        self.closed = True


@pytest.mark.parametrize(
    ("limit", "give", "said"),
    [
        ("FROZEN", lambda number: picture(1), "has not changed"),
        ("BLACK", lambda number: np.full((360, 640, 3), number % 5, np.uint8), "pictures are black"),
    ],
)
def test_frozen_and_black_pictures_are_a_fault(monkeypatch, limit, give, said):
    monkeypatch.setattr(watchdog, limit, 0.3)
    good = threading.Event()
    feeds = []

    def named(name, size):
        feeds.append(Made(lambda number: picture(number) if good.is_set() else give(number)))
        return feeds[-1]

    monkeypatch.setattr(camera, "named", named)
    with Camera("/dev/video7", SIZE) as one:
        assert until(lambda: said in one.status.sentence)
        good.set()
        assert until(lambda: one.status.state == LIVE and one.status.frames > 40)
        assert until(lambda: feeds[0].closed)
        restarts = one.status.restarts
        time.sleep(0.5)
        assert one.status.restarts == restarts


def test_another_size_than_asked_for_is_said(monkeypatch):
    monkeypatch.setattr(camera, "named", lambda name, size: Made(picture))
    with Camera("/dev/video7", (1280, 720)) as one:
        assert one.newest(5).pixels.shape == (360, 640, 3)
        assert one.status.sentence == "/dev/video7: gives 640 x 360 pixels"


def test_a_read_that_hangs_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED", 0.3)
    hang = threading.Event()
    monkeypatch.setattr(
        camera, "named", lambda name, size: Made(lambda number: number < 3 or hang.wait(60) or picture())
    )
    began = time.monotonic()
    with Camera("/dev/video7", SIZE) as one:
        assert until(lambda: one.status.restarts > 0)
    assert time.monotonic() - began < 20
    hang.set()


class FakePicamera2:
    """What the manual of picamera2 says of it, as far as it is used."""

    info = ({"Num": 0, "Model": "imx708", "Location": 2},)
    opened = 0

    def __init__(self, number=0):
        if number >= len(self.info):
            raise IndexError("list index out of range")
        type(self).opened += 1
        self.camera_controls = {"AfMode": (0, 2, 0)}
        self.running, self.controls = False, {}

    @classmethod
    def global_camera_info(cls):
        return list(cls.info)

    def create_video_configuration(self, main):
        return {"main": main}

    def configure(self, configuration):
        self.main = configuration["main"]

    def start(self):
        self.running = True

    def set_controls(self, controls):
        self.controls |= controls

    def capture_array(self, name):
        assert self.running and name == "main"
        time.sleep(0.01)
        pixels = picture(int(time.monotonic() * 100), self.main["size"])
        # "BGR888" lies in memory as red, green, blue; "RGB888" the other way round. Rows are padded.
        ordered = pixels if self.main["format"] == "BGR888" else pixels[..., ::-1]
        return np.pad(ordered, ((0, 0), (0, 32), (0, 0)))

    def stop(self):
        self.running = False

    def close(self):
        type(self).opened -= 1


@pytest.fixture
def picamera2(monkeypatch):
    """Let the Pi's library be there."""
    module = types.ModuleType("picamera2")
    module.Picamera2 = FakePicamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)


def test_the_cameras_of_a_pi(picamera2):
    assert devices.found()[0] == devices.Device("pi:0", "imx708")
    assert camera.automatic() == "pi:0"
    with Camera("auto", SIZE) as one:
        pixels = one.newest(10).pixels
        assert pixels.shape == (360, 640, 3)
        assert pixels[0, 0].tolist()[0] > pixels[0, 0].tolist()[2]
    assert until(lambda: FakePicamera2.opened == 0)


def test_a_camera_of_the_pi_that_is_not_there_is_waited_for_and_named(picamera2):
    with Camera("pi:3", SIZE, give_up=0.5) as one, pytest.raises(CameraLost, match="list index out of range"):
        while True:
            one.newest(0.1)


def test_without_picamera2_the_pi_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(WrongUsage, match="sudo apt install python3-picamera2"):
        Camera("pi")
    monkeypatch.setattr(devices, "on_a_pi", lambda: True)
    assert "python3-picamera2" in devices.found()[0].problem


def test_a_device_says_why_it_cannot_be_used(tmp_path, monkeypatch, capsys):
    system, nodes = tmp_path / "sys", tmp_path / "dev"
    for folder in (system / "video0", nodes):
        folder.mkdir(parents=True)
    (system / "video0/name").write_text("HD Webcam\n")
    monkeypatch.setattr(devices, "SYSTEM", system)
    monkeypatch.setattr(devices, "DEVICES", nodes)
    assert "there is no such device" in devices.found()[0].problem
    (nodes / "video0").write_bytes(b"")
    assert devices.found() == [devices.Device(f"{nodes / 'video0'}", "HD Webcam", "it is not a video device")]
    assert main(["cameras"]) == 1
    assert "HD Webcam" in capsys.readouterr().out


def test_no_camera_at_all(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(devices, "SYSTEM", tmp_path)
    assert main(["cameras"]) == 1
    assert "no camera was found" in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="none can be used here"):
        Camera("auto")
