"""A local certificate authority: one certificate for the listeners, one for each service (mutual TLS). `make run` and the
images' setup.py make theirs with it."""
import pathlib
import subprocess

from .data import StartError

DAYS = 825


def _openssl(*arguments, **kwargs) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, **kwargs)
    if done.returncode != 0:
        raise StartError(f"openssl {arguments[0]}: {done.stderr.strip().splitlines()[-1:]}")


def _new_key(path: pathlib.Path) -> None:
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    path.chmod(0o600)


def make_authority(folder: pathlib.Path, name: str) -> None:
    """ca.pem and ca.key in `folder`, kept if they exist."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "ca.pem").exists():
        return
    _new_key(folder / "ca.key")
    _openssl("req", "-x509", "-new", "-key", folder / "ca.key", "-subj", f"/CN={name}", "-days", DAYS, "-out",
             folder / "ca.pem", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def make_certificate(folder: pathlib.Path, name: str, alt_names: list) -> None:
    """name.pem and name.key, signed by the authority in `folder`; alt_names like DNS:localhost, IP:127.0.0.1."""
    if (folder / f"{name}.pem").exists():
        return
    _new_key(folder / f"{name}.key")
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={','.join(alt_names)}\nextendedKeyUsage=serverAuth,clientAuth\n"
                          "basicConstraints=critical,CA:FALSE\n")
    _openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={name}", "-out", request)
    _openssl("x509", "-req", "-in", request, "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
             "-days", DAYS, "-extfile", extensions, "-out", folder / f"{name}.pem")
    request.unlink()
    extensions.unlink()


def make_all(folder: pathlib.Path, domain: str, services: list) -> None:
    """The authority, `server` for the listeners, and one certificate for each service."""
    make_authority(folder, "Pennypost local CA")
    make_certificate(folder, "server", ["DNS:localhost", "DNS:*.localhost", f"DNS:mail.{domain}", f"DNS:mta-sts.{domain}",
                                        f"DNS:autoconfig.{domain}", "IP:127.0.0.1"])
    for name in services:
        make_certificate(folder, name, [f"DNS:{name}", "DNS:localhost", "IP:127.0.0.1"])
