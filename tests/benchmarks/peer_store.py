"""What the peers share: the eight questions, and an ORM session with a commit an answer."""

from __future__ import annotations

from sqlalchemy import BigInteger, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

QUESTIONS = (
    ("association", "السؤال 1 من 8\nما هو اسم الجمعية المسيرة؟\nمثال: جمعية الوفاء للتنمية"),
    ("centre", "السؤال 2 من 8\nما هو اسم المركز؟\nمثال: مركز الوفاء"),
    ("category", "السؤال 3 من 8\nما هي الفئة المستهدفة من خدمات المركز؟"),
    ("president", "السؤال 4 من 8\nما هو الاسم الكامل لرئيس(ة) الجمعية؟"),
    ("phone", "السؤال 5 من 8\nما هو رقم هاتف رئيس(ة) الجمعية؟"),
    ("email", "السؤال 6 من 8\nما هو عنوان البريد الإلكتروني للجمعية أو لرئاستها؟"),
    ("city", "السؤال 7 من 8\nفي أي مدينة أو جماعة يوجد المركز؟"),
    ("signature", "السؤال 8 من 8\nالخطوة الأخيرة: التوقيع."),
)


class Base(DeclarativeBase):
    pass


class Signup(Base):
    __tablename__ = "peer_signups"
    chat: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    started: Mapped[str | None]
    association: Mapped[str | None]
    centre: Mapped[str | None]
    category: Mapped[str | None]
    president: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    city: Mapped[str | None]
    signature: Mapped[str | None]


async def open_store(url: str) -> async_sessionmaker[AsyncSession]:
    engine = create_async_engine(url, pool_size=32)
    if url.startswith("sqlite"):

        @event.listens_for(engine.sync_engine, "connect")
        def durable(connection, _):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            cursor = connection.cursor()
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return async_sessionmaker(engine, expire_on_commit=False)


async def save(sessions: async_sessionmaker[AsyncSession], chat: int, field: str, value: str) -> None:
    """One answer, one transaction, as the tutorials do it."""
    async with sessions() as session:
        row = await session.get(Signup, chat)
        if row is None:
            row = Signup(chat=chat)
            session.add(row)
        setattr(row, field, value)
        await session.commit()
