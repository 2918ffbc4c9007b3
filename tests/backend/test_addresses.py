from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.addresses import AddressBook, ImageFetchError, SourceKind, public_name

LABEL_STUDIO = "http://studio.internal:8080"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a b.jpg").write_bytes(b"inside")
    (tmp_path / "secret.jpg").write_bytes(b"outside")
    return folder


@pytest.fixture
def book(root: Path) -> AddressBook:
    return AddressBook(
        LABEL_STUDIO,
        local_roots=[root],
        allow_private_hosts=["files.internal", "10.0.0.5:9000"],
    )


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("/data/upload/5/69d3cf70-item1.jpg", SourceKind.LABEL_STUDIO),
        (f"{LABEL_STUDIO}/data/upload/5/item1.jpg", SourceKind.LABEL_STUDIO),
        ("HTTP://Studio.INTERNAL:8080/data/upload/5/item1.jpg", SourceKind.LABEL_STUDIO),
        ("/storage-data/uploaded/?filepath=upload/5/x.jpg", SourceKind.LABEL_STUDIO),
        ("/tasks/7/resolve/?fileuri=czM6Ly9i", SourceKind.LABEL_STUDIO),
        ("/data/local-files/?d=elsewhere/x.jpg", SourceKind.LABEL_STUDIO),
        ("/api/users/", SourceKind.TRUSTED),  # no token for what is no picture
        ("/tasks/7/", SourceKind.TRUSTED),
        ("/data/../api/users/", SourceKind.TRUSTED),
        ("/data/%2e%2e/api/users/", SourceKind.TRUSTED),
        ("/data/upload/..%5C..%5Capi/users/", SourceKind.TRUSTED),
        ("https://studio.internal:8080/data/upload/1/x.jpg", SourceKind.PUBLIC),  # other scheme
        ("http://studio.internal/data/upload/1/x.jpg", SourceKind.PUBLIC),  # other port
        ("http://studio.internal.example:8080/data/upload/1/x.jpg", SourceKind.PUBLIC),
        ("https://cdn.example/x.jpg", SourceKind.PUBLIC),
        ("http://files.internal/x.jpg", SourceKind.TRUSTED),
        ("http://files.internal:81/x.jpg", SourceKind.TRUSTED),
        ("http://10.0.0.5:9000/x.jpg", SourceKind.TRUSTED),
        ("data:image/png;base64,AAAA", SourceKind.INLINE),
    ],
)
def test_a_reference_leads_to_the_right_kind_of_source(
    book: AddressBook, reference: str, kind: SourceKind
) -> None:
    assert book.resolve(reference).kind is kind


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x.jpg",
        "http://[::1]/x.jpg",
        "http://[::ffff:127.0.0.1]/x.jpg",
        "http://[::ffff:7f00:1]:80/x.jpg",
        "http://0.0.0.0/x.jpg",
        "http://10.0.0.5/x.jpg",  # allowed on port 9000 only
        "http://192.168.1.1/x.jpg",
        "http://172.16.0.1/x.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/x.jpg",
        "http://[fe80::1]/x.jpg",
        "http://[fe80::1%25eth0]/x.jpg",
        "http://[fd00::1]/x.jpg",
        "http://224.0.0.1/x.jpg",
        "http://255.255.255.255/x.jpg",
    ],
)
def test_private_addresses_are_refused_at_once(book: AddressBook, url: str) -> None:
    with pytest.raises(ImageFetchError, match="private or special") as caught:
        book.resolve(url)
    assert caught.value.is_permanent


@pytest.mark.parametrize(
    "url",
    [
        "http://studio.internal:8080@evil.example/data/upload/1/x.jpg",
        "http://studio.internal:8080\\@evil.example/data/upload/1/x.jpg",
        "http://evil.example\t/x.jpg",
        "http://studio.internal:8080 evil.example/data/upload/1/x.jpg",
        "http://evil.example/\r\nHost: x/x.jpg",
        "http:///x.jpg",
        "http://[::1/x.jpg",
        "https://user:password@cdn.example/x.jpg",
    ],
)
def test_addresses_that_two_readers_could_understand_differently_are_refused(
    book: AddressBook, url: str
) -> None:
    with pytest.raises(ImageFetchError, match="address cannot be used") as caught:
        book.resolve(url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://cdn.example/red shirt 1.jpg", "https://cdn.example/red%20shirt%201.jpg"),
        ("/data/upload/1/red shirt.jpg", f"{LABEL_STUDIO}/data/upload/1/red%20shirt.jpg"),
    ],
)
def test_spaces_in_a_path_are_escaped_as_browsers_do(
    book: AddressBook, reference: str, url: str
) -> None:
    assert book.resolve(reference).url == url


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "   ",
        "x.jpg",
        "s3://bucket/x.jpg",
        "ftp://host/x.jpg",
        "javascript:alert(1)",
        "C:\\x.jpg",
    ],
)
def test_other_references_are_refused_with_what_is_expected(
    book: AddressBook, reference: str
) -> None:
    with pytest.raises(ImageFetchError, match="expected http"):
        book.resolve(reference)


@pytest.mark.parametrize(
    "spelling",
    [
        "/data/local-files/?d=sub/a%20b.jpg",
        "/data/local-files/?d=/sub/a b.jpg",
        "/data/local-files/?d=sub/../sub/a b.jpg",
        f"{LABEL_STUDIO}/data/local-files/?d=sub/a%20b.jpg",
        "{root}/sub/a b.jpg",
        "{root}/sub/a%20b.jpg",
        "file://{root}/sub/a%20b.jpg",
        "file://localhost{root}/sub/a%20b.jpg",
        "/data/local-files/?d={root}/sub/a b.jpg",
    ],
)
def test_files_under_an_allowed_folder_are_found(
    book: AddressBook, root: Path, spelling: str
) -> None:
    source = book.resolve(spelling.format(root=root))
    assert source.kind is SourceKind.LOCAL
    assert source.path is not None
    assert source.path.read_bytes() == b"inside"


@pytest.mark.parametrize(
    "spelling",
    [
        "/data/local-files/?d=../secret.jpg",
        "/data/local-files/?d=sub/../../secret.jpg",
        "/data/local-files/?d=..%2Fsecret.jpg",
        "/data/local-files/?d={outside}",
        "/data/local-files/?d=link.jpg",
        "/data/local-files/?d=sub",
        "/data/local-files/?d=sub/a b.jpg%00.png",
        "{outside}",
        "{root}/../secret.jpg",
        "{root}/%2e%2e/secret.jpg",
        "file://{outside}",
        "file://{root}/../secret.jpg",
        "file://server{root}/sub/a%20b.jpg",
        "/etc/passwd",
        "file:///etc/passwd",
        "{root}/loop.jpg",
    ],
)
def test_nothing_outside_the_allowed_folders_is_opened(root: Path, spelling: str) -> None:
    outside = root.parent / "secret.jpg"
    (root / "link.jpg").symlink_to(outside)
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    book = AddressBook("", local_roots=[root])
    with pytest.raises(ImageFetchError) as caught:
        book.resolve(spelling.format(root=root, outside=outside))
    assert caught.value.is_permanent


def test_a_folder_with_a_similar_name_is_not_an_allowed_one(root: Path) -> None:
    neighbour = root.with_name("pictures-private")
    neighbour.mkdir()
    (neighbour / "x.jpg").write_bytes(b"x")
    with pytest.raises(ImageFetchError):
        AddressBook("", local_roots=[root]).resolve(str(neighbour / "x.jpg"))


def test_a_pipe_is_not_a_picture(root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    with pytest.raises(ImageFetchError):
        AddressBook("", local_roots=[root]).resolve(str(root / "pipe.jpg"))


def test_a_path_without_label_studio_says_what_to_set() -> None:
    with pytest.raises(ImageFetchError, match="WEFT_LABEL_STUDIO_URL"):
        AddressBook("").resolve("/data/upload/1/x.jpg")


def test_a_label_studio_under_a_path_is_asked_under_that_path() -> None:
    book = AddressBook("https://host.example/studio/")
    for reference in ("/data/upload/1/x.jpg", "/studio/data/upload/1/x.jpg"):
        source = book.resolve(reference)
        assert source.kind is SourceKind.LABEL_STUDIO
        assert source.url == "https://host.example/studio/data/upload/1/x.jpg"
    # Another program at the same host must not be given the token.
    assert book.resolve("https://host.example/data/upload/1/x.jpg").kind is SourceKind.TRUSTED


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("https://cdn.example/a.jpg?Signature=SECRET#x", "https://cdn.example/a.jpg"),
        ("https://user:SECRET@cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("/data/upload/1/a.jpg", "/data/upload/1/a.jpg"),
        ("/data/local-files/?d=sub/a.jpg", "/data/local-files/?d=sub/a.jpg"),
        ("data:image/png;base64,SECRET", "data:image/png (28 characters)"),
        ("/a\n.jpg", "/a.jpg"),
    ],
)
def test_names_in_messages_hold_no_secrets(reference: str, name: str) -> None:
    assert public_name(reference) == name


def test_long_names_are_cut() -> None:
    assert len(public_name("/x" * 500)) == 200
