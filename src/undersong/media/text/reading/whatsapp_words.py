"""What WhatsApp writes where a person wrote nothing, in the languages we know; small letters, a language a line.

These lists are the second way to tell: most exports mark such lines in a way that holds in every language.
"""

from __future__ import annotations

import re

__all__ = ["ATTACHED", "DELETED", "EDITED", "MEDIA", "NOTICES", "POLL"]


def _listed(text: str) -> list[str]:
    return [phrase for line in text.strip().splitlines() for phrase in line.strip().split("|")]


def _combined(text: str) -> frozenset[str]:
    """Of each line, every thing with every ending: `image|video + omitted` → image omitted, video omitted."""
    found: set[str] = set()
    for line in text.strip().splitlines():
        things, _, endings = line.strip().partition(" + ")
        found |= {f"{thing} {ending}" for thing in things.split("|") for ending in endings.split("|")}
    return frozenset(found)


MEDIA = _combined(
    """
    image|video|video note|audio|sticker|gif|document|contact card|media + omitted
    bild|video|videonotiz|audio|sticker|gif|dokument|kontaktkarte + weggelassen|ausgelassen
    imagen|video|audio|sticker|gif|documento|tarjeta de contacto + omitida|omitido
    image|vidéo|audio|sticker|gif|document|fiche contact + absente|absent|omis|omise|manquant|retiré|ignoré
    immagine|video|audio|sticker|gif|documento|scheda contatto + omessa|omesso|non incluso|esclusa
    imagem|vídeo|áudio|figurinha|gif|documento|cartão do contato + ocultada|ocultado|omitida|omitido|não revelada
    afbeelding|video|audio|sticker|gif|document|contactkaart + weggelaten
    изображение|видео|аудиофайл|стикер|gif|документ|карточка контакта + отсутствует|пропущен|пропущено
    зображення|відео|аудіо|стікер|gif|документ + відсутнє|пропущено
    görüntü|video|ses|çıkartma|gif|belge + dahil edilmedi|atlandı
    obraz|wideo|audio|naklejka|gif|dokument + pominięto|pominięty|pominięta
    obrázek|video|zvuk|samolepka|gif|dokument + vynechán|vynecháno
    """
) | {
    "null",
    "live location shared",
    "画像は含まれていません",
    "图像已省略",
    "图片已忽略",
    "이미지 생략됨",
    "사진 생략됨",
    "동영상 생략됨",
}
"""The whole of a message that was a picture, a voice, a file."""

DELETED = frozenset(
    _listed(
        """
        this message was deleted|you deleted this message|waiting for this message
        diese nachricht wurde gelöscht|du hast diese nachricht gelöscht
        se eliminó este mensaje|eliminaste este mensaje|este mensaje fue eliminado
        ce message a été supprimé|vous avez supprimé ce message
        questo messaggio è stato eliminato|hai eliminato questo messaggio
        mensagem apagada|esta mensagem foi apagada|você apagou esta mensagem|mensagem eliminada|apagaste esta mensagem
        dit bericht is verwijderd|dit bericht werd verwijderd|je hebt dit bericht verwijderd
        данное сообщение удалено|сообщение удалено|вы удалили данное сообщение
        bu mesaj silindi|bu mesajı sildiniz
        usunięto tę wiadomość|ta wiadomość została usunięta|usunąłeś tę wiadomość
        denne besked blev slettet|detta meddelande raderades|tämä viesti poistettiin|tato zpráva byla smazána
        این پیام حذف شد|این پیام پاک شده است|شما این پیام را حذف کردید
        تم حذف هذه الرسالة|لقد حذفت هذه الرسالة
        הודעה זו נמחקה|מחקת הודעה זו
        यह संदेश हटा दिया गया|यह मैसेज मिटा दिया गया
        このメッセージは削除されました|このメッセージを削除しました
        此訊息已被刪除|您已刪除此訊息|此消息已被删除|你删除了这条消息
        삭제된 메시지입니다|메시지를 삭제했습니다
        """
    )
)
"""The whole of a message that was taken back, without its full stop."""


def _any_of(text: str) -> str:
    return "|".join(re.escape(phrase) for phrase in _listed(text))


EDITED = re.compile(
    r"\s?<(?:"
    + _any_of(
        """
        this message was edited|message edited|diese nachricht wurde bearbeitet|se editó este mensaje
        ce message a été modifié|questo messaggio è stato modificato|mensagem editada|esta mensagem foi editada
        dit bericht is bewerkt|данное сообщение изменено|сообщение изменено|bu mesaj düzenlendi
        edytowano tę wiadomość|تم تعديل هذه الرسالة|このメッセージは編集されました|此訊息已編輯|此消息已编辑
        """
    )
    + r")\.?>\Z",
    re.IGNORECASE,
)
"""What stands after a message that was changed."""

ATTACHED = re.compile(
    r"\S{1,150}-WA\d{4}\.\w{2,5}(?: \([^()]{3,40}\))?|[^()]{1,150}\.\w{2,5} \((?:"
    + _any_of(
        """
        file attached|datei angehängt|archivo adjunto|fichier joint|arquivo anexado|ficheiro anexado|file allegato
        bestand bijgevoegd|файл добавлен|dosya ekli|plik dołączony|vedhæftet fil|bifogad fil|添付ファイル|附件|文件附件
        파일 첨부됨
        """
    )
    + r")\)",
    re.IGNORECASE,
)
"""The name of a file that was sent."""

NOTICES = tuple(
    _listed(
        """
        end-to-end encrypt|ende-zu-ende-verschlüssel|cifrados de extremo a extremo|chiffrés de bout en bout
        crittografati end-to-end|crittografata end-to-end|criptografia de ponta a ponta|missed voice call
        missed video call|missed group|verpasster sprachanruf|verpasster videoanruf|llamada perdida
        videollamada perdida|appel vocal manqué|appel vidéo manqué
        """
    )
)
"""Parts of lines that WhatsApp wrote."""

POLL = re.compile(r"(?:poll|umfrage|encuesta|sondage|sondaggio|enquete|peiling|опрос|anket)\s?:\s*\Z", re.IGNORECASE)
"""The first line of a poll."""
