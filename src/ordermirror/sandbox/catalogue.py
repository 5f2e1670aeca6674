"""Master data of a believable Gulf distributor: customers, items, manufacturers, sales people."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from ordermirror.sandbox.company import Row
from ordermirror.sandbox.money import ZERO, exact

_MANUFACTURERS = (
    "Al Noor Pipes", "Atusa", "Bosch", "Cepex", "Cosmoplast", "Dewalt", "Fischer", "Georg Fischer",
    "Giacomini", "Grohe", "Grundfos", "Hepworth", "Hilti", "Honeywell", "KSB", "Kitz", "Makita",
    "Pegler", "Polyfab", "Rehau", "Rothenberger", "Sanha", "Stanley", "Viega", "Wavin", "Wilo",
    "مصنع الخليج للبلاستيك", "الشركة الوطنية للصلب",
)  # fmt: skip
_SALES_PEOPLE = (
    "Ahmed Hassan", "Bilal Qureshi", "Deepa Nair", "Fatima Al Zahra", "Jose Fernandes",
    "Khalid Al Mansoori", "Maria Santos", "Mohammed Rafi", "Omar Farouk", "Priya Menon",
    "Sara Abdullah", "يوسف العلي",
)  # fmt: skip
_PRODUCTS = (
    ("PIP", "PVC Pipe", "Mtr"), ("PIP", "PPR Pipe PN20", "Mtr"), ("PIP", "HDPE Pipe", "Mtr"),
    ("PIP", "Copper Tube", "Mtr"), ("PIP", "GI Pipe Class B", "Length"),
    ("FIT", "Elbow 90°", "Pcs"), ("FIT", "Equal Tee", "Pcs"), ("FIT", "Reducer", "Pcs"),
    ("FIT", "Union", "Pcs"), ("FIT", "Socket", "Pcs"), ("FIT", "كوع نحاسي", "Pcs"),
    ("VLV", "Ball Valve", "Pcs"), ("VLV", "Gate Valve", "Pcs"), ("VLV", "Check Valve", "Pcs"),
    ("VLV", "Butterfly Valve", "Pcs"), ("VLV", "Pressure Reducing Valve", "Pcs"),
    ("TOL", "Pipe Cutter", "Pcs"), ("TOL", "Impact Drill", "Pcs"), ("TOL", "Pipe Wrench", "Pcs"),
    ("TOL", "Threading Machine", "Set"), ("PMP", "Circulation Pump", "Pcs"),
    ("PMP", "Submersible Pump", "Pcs"), ("CON", "Teflon Tape", "Roll"),
    ("CON", "Solvent Cement", "Can"), ("CON", "Silicone Sealant", "Box"),
    ("CON", "خرطوم ري مرن", "Roll"),
)  # fmt: skip
_SIZES = ("15mm", "20mm", "25mm", "32mm", '1/2"', '3/4"', '1"', '1 1/4"', '2"', '4"', "110mm")
_FIRST = (
    "Al Futtaim", "Al Habtoor", "Al Jaber", "Arabian", "Blue Coast", "Delta", "Desert Rose",
    "Dubai", "Emirates", "Falcon", "Golden Palm", "Gulf", "Jebel Ali", "Kuwait", "Modern", "Najd",
    "Oasis", "Pearl", "Sharjah", "Skyline", "United", "Zenith",
)  # fmt: skip
_SECOND = (
    "Building Materials", "Contracting", "Electromechanical", "Engineering", "Facilities Mgmt",
    "Hardware", "Irrigation", "MEP Services", "Plumbing & Sanitary", "Trading",
)  # fmt: skip
_FORMS = ("LLC", "FZE", "Est.", "Co. W.L.L.", "& Sons", "Group")
_ARABIC = (
    "شركة الخليج للمقاولات",
    "مؤسسة النخيل التجارية",
    "مجموعة الراشد للبناء",
    "شركة الواحة للأنابيب",
    "مصنع الصحراء للخرسانة",
    "مؤسسة البحر الأزرق",
    "شركة دبي للأدوات الصحية",
    "الشركة المتحدة للري",
)
_CITIES = ("Dubai", "Abu Dhabi", "Sharjah", "Ajman", "Kuwait City", "Muscat", "Doha", "الرياض")


def manufacturers() -> list[Row]:
    named = [
        {"Code": code, "ManufacturerName": name} for code, name in enumerate(_MANUFACTURERS, 1)
    ]
    return [{"Code": -1, "ManufacturerName": "- No Manufacturer -"}, *named]


def sales_people() -> list[Row]:
    people = [(-1, "-No Sales Employee-"), *enumerate(_SALES_PEOPLE, 1)]
    return [
        {
            "SalesEmployeeCode": code,
            "SalesEmployeeName": name,
            "Remarks": None,
            "CommissionForSalesEmployee": ZERO,
            "CommissionGroup": 0,
            "Locked": "tNO",
            "EmployeeID": None,
            "Active": "tNO" if code == 5 else "tYES",
        }
        for code, name in people
    ]


def items(count: int, rng: Random, now: datetime) -> list[Row]:
    return [_item(number, rng, now) for number in range(1, count + 1)]


def customers(count: int, rng: Random, now: datetime) -> list[Row]:
    return [_customer(number, rng, now) for number in range(1, count + 1)]


def list_price(rng: Random) -> Decimal:
    """Mostly cheap fittings, some dear pumps; now and then all six decimals are used."""
    price = Decimal(int(50 * 2 ** (rng.random() * 11))) / 100
    if rng.random() < 0.06:
        price += Decimal(rng.randrange(1, 10_000)) / 1_000_000
    return exact(price)


def _item(number: int, rng: Random, now: datetime) -> Row:
    group, name, unit = _PRODUCTS[number % len(_PRODUCTS)]
    size = _SIZES[rng.randrange(len(_SIZES))]
    maker = rng.randrange(1, len(_MANUFACTURERS) + 1) if rng.random() < 0.92 else -1
    created, updated = _stamps(rng, now)
    return {
        "ItemCode": f"{group}-{number:05d}",
        "ItemName": f"{name} {size}",
        "ForeignName": None,
        "ItemsGroupCode": 100 + number % len(_PRODUCTS),
        "BarCode": f"629{rng.randrange(10**10):010d}" if rng.random() < 0.7 else None,
        "SalesItem": "tYES",
        "InventoryItem": "tYES",
        "Manufacturer": maker,
        "QuantityOnStock": exact(Decimal(rng.randrange(0, 5000))),
        "Valid": "tYES",
        "Frozen": "tNO",
        "SalesUnit": unit,
        "InventoryUOM": unit,
        "ItemType": "itItems",
        "CreateDate": created.date(),
        "CreateTime": created.strftime("%H:%M:%S"),
        "UpdateDate": updated.date(),
        "UpdateTime": updated.strftime("%H:%M:%S"),
    }


def _customer(number: int, rng: Random, now: datetime) -> Row:
    if rng.random() < 0.15:
        name = f"{rng.choice(_ARABIC)} {rng.choice(('ذ.م.م', 'فرع دبي', 'للتجارة'))}"
    else:
        name = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {rng.choice(_FORMS)}"
    city = rng.choice(_CITIES)
    created, updated = _stamps(rng, now)
    return {
        "CardCode": f"C{number:05d}",
        "CardName": name,
        "CardType": "cCustomer",
        "GroupCode": 100,
        "Address": f"P.O. Box {rng.randrange(1000, 99999)}\r{city}\rUNITED ARAB EMIRATES",
        "Phone1": f"+971 4 {rng.randrange(2000000, 8999999)}",
        "City": city,
        "Country": "AE",
        "EmailAddress": f"orders{number}@example.com" if rng.random() < 0.8 else None,
        "FederalTaxID": f"100{rng.randrange(10**12):012d}" if rng.random() < 0.9 else None,
        "PayTermsGrpCode": rng.choice((-1, 1, 2, 3)),
        "SalesPersonCode": rng.choice((-1, *range(1, len(_SALES_PEOPLE) + 1))),
        "Currency": "##",
        "Valid": "tYES",
        "Frozen": "tNO",
        "CreateDate": created.date(),
        "CreateTime": created.strftime("%H:%M:%S"),
        "UpdateDate": updated.date(),
        "UpdateTime": updated.strftime("%H:%M:%S"),
    }


def _stamps(rng: Random, now: datetime) -> tuple[datetime, datetime]:
    created = now - timedelta(days=rng.randrange(200, 2000), seconds=rng.randrange(86400))
    updated = created + (now - created) * rng.random()
    return created, updated.replace(microsecond=0)


def first_day(today: date) -> date:
    """History reaches back about 18 months."""
    return today - timedelta(days=548)
