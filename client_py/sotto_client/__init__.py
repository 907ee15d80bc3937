"""Sotto's Python SDK: a customer and an agent as programs, for bots, tests and load."""

from sotto_client.agent import Agent, SignIn
from sotto_client.chat import Chat
from sotto_client.connection import LinkLost
from sotto_client.conversation import Conversation
from sotto_client.customer import Customer, Means
from sotto_client.entries import Message
from sotto_client.notice import Notice
from sotto_client.opening import Page

__all__ = ["Agent", "Chat", "Conversation", "Customer", "LinkLost", "Means", "Message", "Notice", "Page", "SignIn"]
