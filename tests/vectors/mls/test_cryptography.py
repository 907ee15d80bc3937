from __future__ import annotations

import os
from dataclasses import replace

import pytest
from tests.vectors.mls.official import Vector, inner, number, objects, raw, text, vectors

from sotto_keys.device.mls import kdf
from sotto_keys.device.mls.hpke import decrypt_with_label, derive_key_pair, encrypt_with_label, key_pair
from sotto_keys.device.mls.joining import open_secrets
from sotto_keys.device.mls.key_schedule import EpochSecrets, epoch_after, joiner_secret, welcome_key, welcome_secret
from sotto_keys.device.mls.own_key_package import OwnKeyPackage
from sotto_keys.device.mls.private_messages import MessageKeys, protect_private, sender_data_key, unprotect_private
from sotto_keys.device.mls.psk import psk_secret
from sotto_keys.device.mls.public_messages import protect_public, unprotect_public
from sotto_keys.device.mls.secret_bytes import SecretBytes
from sotto_keys.device.mls.secret_tree import Use, new_secret_tree
from sotto_keys.device.mls.signing import sign_content, sign_with_label
from sotto_keys.shared.mls.codec import read_whole
from sotto_keys.shared.mls.commit import Commit, HpkeCiphertext
from sotto_keys.shared.mls.crypto_labels import CIPHER_SUITE, ref_hash, verify_with_label
from sotto_keys.shared.mls.framing import (
    PRIVATE_MESSAGE,
    PUBLIC_MESSAGE,
    AuthenticatedContent,
    Content,
    FramedContent,
    Sender,
    SenderType,
)
from sotto_keys.shared.mls.group_context import GroupContext, GroupInfo, verify_group_info
from sotto_keys.shared.mls.key_package import parse_key_package
from sotto_keys.shared.mls.parsed_commit import read_public_message
from sotto_keys.shared.mls.private_message import parse_private_message
from sotto_keys.shared.mls.proposals import read_proposal
from sotto_keys.shared.mls.psk_id import ExternalPsk, PskId, ResumptionPsk
from sotto_keys.shared.mls.transcript import confirmed_transcript_hash, interim_transcript_hash
from sotto_keys.shared.mls.welcome import parse_welcome


def secret(vector: Vector, key: str) -> SecretBytes:
    return SecretBytes(raw(vector, key))


def test_labelled_hashes_and_secrets() -> None:
    for vector in vectors("crypto-basics"):
        ref = inner(vector, "ref_hash")
        assert ref_hash(text(ref, "label").encode(), raw(ref, "value")) == raw(ref, "out")
        case = inner(vector, "expand_with_label")
        context, length = raw(case, "context"), number(case, "length")
        made = kdf.expand_with_label(raw(case, "secret"), text(case, "label"), context=context, length=length)
        assert made == raw(case, "out")
        case = inner(vector, "derive_secret")
        assert kdf.derive_secret(raw(case, "secret"), text(case, "label")) == raw(case, "out")
        case = inner(vector, "derive_tree_secret")
        generation, length = number(case, "generation"), number(case, "length")
        made = kdf.derive_tree_secret(raw(case, "secret"), text(case, "label"), generation=generation, length=length)
        assert made == raw(case, "out")


def test_labelled_signatures_and_sealing() -> None:
    for vector in vectors("crypto-basics"):
        case = inner(vector, "sign_with_label")
        key, label, content = raw(case, "pub"), text(case, "label"), raw(case, "content")
        verify_with_label(key, label, content=content, signature=raw(case, "signature"))
        assert sign_with_label(secret(case, "priv"), label, content) == raw(case, "signature")
        case = inner(vector, "encrypt_with_label")
        own, label, context = key_pair(raw(case, "priv")), text(case, "label"), raw(case, "context")
        sealed = HpkeCiphertext(raw(case, "kem_output"), raw(case, "ciphertext"))
        assert own.public == raw(case, "pub")
        assert decrypt_with_label(own, label, context=context, sealed=sealed) == raw(case, "plaintext")
        content = raw(case, "plaintext")
        again = encrypt_with_label(own.public, label, context=context, content=content, entropy=os.urandom)
        assert decrypt_with_label(own, label, context=context, sealed=again) == content


def test_secret_trees_give_the_official_keys() -> None:
    for vector in vectors("secret-tree"):
        case = inner(vector, "sender_data")
        key = sender_data_key(secret(case, "sender_data_secret"), raw(case, "ciphertext"))
        assert (key.key, key.nonce) == (raw(case, "key"), raw(case, "nonce"))
        leaves = [objects({"leaf": leaf}, "leaf") for leaf in objects(vector, "leaves")]
        tree = new_secret_tree(secret(vector, "encryption_secret"), width=len(leaves))
        for leaf, generations in enumerate(leaves):
            for each in generations:
                for use in Use:
                    key, tree = tree.key_at(leaf, use, generation=number(each, "generation"))
                    assert (key.key, key.nonce) == (raw(each, f"{use}_key"), raw(each, f"{use}_nonce"))


def test_the_key_schedule_gives_the_official_secrets() -> None:
    for vector in vectors("key-schedule"):
        init = secret(vector, "initial_init_secret")
        for epoch, case in enumerate(objects(vector, "epochs")):
            hashes = raw(case, "tree_hash"), raw(case, "confirmed_transcript_hash")
            context = GroupContext(CIPHER_SUITE, raw(vector, "group_id"), epoch, *hashes, ())
            assert context.encode() == raw(case, "group_context")
            joiner = joiner_secret(init, secret(case, "commit_secret"), context=context)
            assert joiner == raw(case, "joiner_secret")
            psk = secret(case, "psk_secret")
            assert welcome_secret(joiner, psk) == raw(case, "welcome_secret")
            made = epoch_after(joiner, psk, context=context)
            assert made.encryption == raw(case, "encryption_secret")
            check_epoch(made.secrets, case)
            init = made.secrets.init


def check_epoch(secrets: EpochSecrets, case: Vector) -> None:
    assert secrets.init == raw(case, "init_secret")
    assert secrets.sender_data == raw(case, "sender_data_secret")
    assert secrets.exporter == raw(case, "exporter_secret")
    assert secrets.epoch_authenticator == raw(case, "epoch_authenticator")
    assert secrets.external == raw(case, "external_secret")
    assert secrets.confirmation_key == raw(case, "confirmation_key")
    assert secrets.membership_key == raw(case, "membership_key")
    assert secrets.resumption_psk == raw(case, "resumption_psk")
    assert derive_key_pair(secrets.external).public == raw(case, "external_pub")
    export = inner(case, "exporter")
    made = secrets.export(text(export, "label"), raw(export, "context"), length=number(export, "length"))
    assert made == raw(export, "secret")


def test_pre_shared_keys_mix_to_the_official_secret() -> None:
    for vector in vectors("psk_secret"):
        listed = objects(vector, "psks")
        ids = [PskId(ExternalPsk(raw(each, "psk_id")), raw(each, "psk_nonce")) for each in listed]
        known: dict[ExternalPsk | ResumptionPsk, SecretBytes] = {
            ExternalPsk(raw(each, "psk_id")): secret(each, "psk") for each in listed
        }
        assert psk_secret(ids, known) == raw(vector, "psk_secret")


def test_transcripts_hash_to_the_official_values() -> None:
    for vector in vectors("transcript-hashes"):
        commit = read_whole(raw(vector, "authenticated_content"), AuthenticatedContent.read)
        assert isinstance(commit.framed.content, Commit)
        assert commit.encode() == raw(vector, "authenticated_content")
        confirmed = confirmed_transcript_hash(raw(vector, "interim_transcript_hash_before"), commit)
        assert confirmed == raw(vector, "confirmed_transcript_hash_after")
        assert commit.confirmation_tag is not None
        assert kdf.tag(secret(vector, "confirmation_key"), confirmed) == commit.confirmation_tag
        interim = interim_transcript_hash(confirmed, commit.confirmation_tag)
        assert interim == raw(vector, "interim_transcript_hash_after")


def test_a_welcome_opens_with_the_official_keys() -> None:
    for vector in vectors("welcome"):
        package = parse_key_package(raw(vector, "key_package"))
        welcome = parse_welcome(raw(vector, "welcome"))
        told = open_secrets(welcome, OwnKeyPackage(package, secret(vector, "init_priv"), SecretBytes(32)))
        opened = welcome_key(told.joiner, kdf.ZERO).open(welcome.sealed_group_info, aad=b"")
        info = read_whole(opened, GroupInfo.read)
        verify_group_info(info, signer_key=raw(vector, "signer_pub"))
        secrets = epoch_after(told.joiner, kdf.ZERO, context=info.context).secrets
        assert secrets.confirmation_tag(info.context.confirmed_transcript_hash) == info.confirmation_tag


def protection_context(vector: Vector) -> GroupContext:
    hashes = raw(vector, "tree_hash"), raw(vector, "confirmed_transcript_hash")
    return GroupContext(CIPHER_SUITE, raw(vector, "group_id"), number(vector, "epoch"), *hashes, ())


def protection_keys(vector: Vector) -> MessageKeys:
    tree = new_secret_tree(secret(vector, "encryption_secret"), width=2)
    signers = {1: raw(vector, "signature_pub")}
    return MessageKeys(protection_context(vector), signers, secret(vector, "sender_data_secret"), tree)


def signed(vector: Vector, content: Content, *, wire_format: int) -> AuthenticatedContent:
    context = protection_context(vector)
    framed = FramedContent(context.group_id, context.epoch, Sender(SenderType.MEMBER, 1), b"", content)
    made = sign_content(secret(vector, "signature_priv"), framed, wire_format=wire_format, context=context)
    return replace(made, confirmation_tag=bytes(32)) if isinstance(content, Commit) else made


@pytest.mark.parametrize("kind", ["proposal", "commit"])
def test_handshake_messages_are_protected_in_the_clear(kind: str) -> None:
    for vector in vectors("message-protection"):
        context, key = protection_context(vector), secret(vector, "membership_key")
        content = read_whole(raw(vector, kind), Commit.read if kind == "commit" else read_proposal)
        public = read_whole(raw(vector, f"{kind}_pub"), read_public_message)
        opened = unprotect_public(public, membership_key=key, context=context)
        opened.verify(signature_key=raw(vector, "signature_pub"), context=context)
        assert opened.framed.content == content
        made = signed(vector, content, wire_format=PUBLIC_MESSAGE)
        again = protect_public(made, membership_key=key, context=context)
        read = read_whole(again.to_message(), read_public_message)
        unprotect_public(read, membership_key=key, context=context).verify(
            signature_key=raw(vector, "signature_pub"), context=context
        )


def test_application_data_never_travels_in_the_clear() -> None:
    for vector in vectors("message-protection"):
        made = signed(vector, raw(vector, "application"), wire_format=PUBLIC_MESSAGE)
        with pytest.raises(TypeError):
            protect_public(made, membership_key=SecretBytes(32), context=protection_context(vector))


@pytest.mark.parametrize("kind", ["application", "proposal", "commit"])
def test_messages_are_sealed_and_opened(kind: str) -> None:
    readers = {"commit": Commit.read, "proposal": read_proposal}
    for vector in vectors("message-protection"):
        content: Content = raw(vector, kind) if kind == "application" else read_whole(raw(vector, kind), readers[kind])
        keys = protection_keys(vector)
        opened, _ = unprotect_private(keys, parse_private_message(raw(vector, f"{kind}_priv")))
        assert opened.framed.content == content
        made = signed(vector, content, wire_format=PRIVATE_MESSAGE)
        message, _ = protect_private(keys, made, entropy=os.urandom)
        opened, _ = unprotect_private(keys, parse_private_message(message.to_message()))
        assert opened == made
