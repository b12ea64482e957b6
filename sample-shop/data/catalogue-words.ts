/** What the shop sells: ten departments of ten kinds, 100 categories in all (ids 1..100 in this order). */
export const DEPARTMENTS: Readonly<Record<string, string>> = {
  Kitchen: 'Kettle Toaster Skillet Teapot Carafe Whisk Grater Colander Ladle Casserole',
  Living: 'Lamp Cushion Armchair Bookcase Rug Curtain Mirror Candle Vase Clock',
  Bedroom: 'Pillow Duvet Blanket Mattress Nightstand Wardrobe Quilt Headboard Dresser Hammock',
  Bath: 'Towel Bathrobe Soap Sponge Basin Faucet Scale Hairdryer Razor Comb',
  Garden: 'Shovel Rake Planter Hose Sprinkler Lantern Bench Parasol Trellis-frame Wheelbarrow',
  Workshop: 'Hammer Drill Screwdriver Ladder Workbench Saw Wrench Sander Toolbox Clamp',
  Electronics: 'Headphone Speaker Keyboard Monitor Charger Camera Router Tablet Microphone Projector',
  Sport: 'Bicycle Helmet Racket Dumbbell Tent Backpack Canoe Skateboard Treadmill Snowboard',
  Kids: 'Puzzle Doll Kite Scooter Crayon Telescope Drum Train Robot Balloon',
  Travel: 'Suitcase Wallet Umbrella Passport-case Thermos Flashlight Compass Duffel Travel-adapter Raincoat',
}

export const ADJECTIVES =
  'Quiet Bright Sturdy Gentle Swift Classic Nordic Rustic Modern Cosy Royal Simple Clever Mighty Little Grand'

export const MATERIALS =
  'Oak Steel Linen Copper Bamboo Wool Marble Cotton Walnut Ceramic Leather Cork Brass Glass'
